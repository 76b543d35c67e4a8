def check_closes(deliver):
    assert callable(deliver)
