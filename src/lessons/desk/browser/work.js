// Download and upload of a student's work: the files that JupyterLite keeps in this browser (IndexedDB).

const NAME = "Resource lifecycles"; // `contentsStorageName` in jupyter-lite.json
const STORE = "files";
const FORMAT = { what: "work in the course on resource lifecycles", version: 1 };

const said = document.getElementById("said");

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function opened(version) {
  const request = indexedDB.open(NAME, version);
  request.onupgradeneeded = () => {
    if (!request.result.objectStoreNames.contains(STORE)) {
      request.result.createObjectStore(STORE);
    }
  };
  const database = await done(request);
  // Another program may have made the database without the store: that takes a newer version of it.
  if (database.objectStoreNames.contains(STORE)) {
    return database;
  }
  database.close();
  return opened(database.version + 1);
}

async function stored() {
  const database = await opened();
  const store = database.transaction(STORE).objectStore(STORE);
  const [paths, files] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
  database.close();
  return Object.fromEntries(paths.map((path, number) => [path, files[number]]));
}

function counted(files) {
  const count = Object.values(files).filter((file) => file.type !== "directory").length;
  return `${count} ${count === 1 ? "file" : "files"}`;
}

async function download() {
  const files = await stored();
  const count = counted(files);
  if (count === "0 files") {
    return "There is nothing to download yet: you have not changed a file, and not answered a question.";
  }
  const link = document.createElement("a");
  const text = JSON.stringify({ ...FORMAT, files }, null, 1);
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `lifecycle-work-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  return `Downloaded ${count} as ${link.download}.`;
}

async function upload(file) {
  let work;
  try {
    work = JSON.parse(await file.text());
  } catch {
    work = null;
  }
  if (work?.what !== FORMAT.what || work.version !== FORMAT.version || typeof work.files !== "object") {
    return `${file.name} is not a file that “Download my work” wrote. Nothing was changed.`;
  }
  const paths = Object.keys(work.files);
  const here = await stored();
  const both = paths.filter((path) => path in here && work.files[path].type !== "directory");
  if (both.length > 0 && !confirm(`This replaces ${both.join(", ")} in this browser. Continue?`)) {
    return "Nothing was changed.";
  }
  const database = await opened();
  const changes = database.transaction(STORE, "readwrite");
  for (const path of paths) {
    changes.objectStore(STORE).put(work.files[path], path);
  }
  await new Promise((resolve, reject) => {
    changes.oncomplete = resolve;
    changes.onerror = () => reject(changes.error);
  });
  database.close();
  return `Uploaded ${counted(work.files)}. If JupyterLab is open in another tab, reload that tab.`;
}

async function answered(work) {
  try {
    said.textContent = await work;
  } catch (error) {
    said.textContent = `That did not work: ${error?.message ?? error}. Nothing was changed.`;
  }
}

const chooser = document.getElementById("file");
document.getElementById("save").onclick = () => answered(download());
document.getElementById("load").onclick = () => chooser.click();
chooser.onchange = () => {
  answered(upload(chooser.files[0]));
  chooser.value = "";
};
document.getElementById("blocked").hidden = window.isSecureContext && "serviceWorker" in navigator;
