class Settings:
    center: float
    spread: float
