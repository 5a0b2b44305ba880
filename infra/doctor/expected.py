"""What a deployment has, by name. Written here because the command line is no part of the app; a test compares."""

CONTAINERS = ("raw", "control", "log", "models", "lake")
MODELS = "models"
LAKE = "lake"
TRAIN_QUEUE = "train"
SETTINGS = (
    "EVERGREEN_STORAGE__blobServiceUri",
    "EVERGREEN_STORAGE__queueServiceUri",
    "EVERGREEN_STORAGE__clientId",
    "EVERGREEN_STORAGE__credential",
    "EVERGREEN_ROLE",
    "EVERGREEN_TRAIN_QUEUE",
    "EVERGREEN_MONITOR_SCHEDULE",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
)
"""Settings without which an app does not start, or does not tell; the others have defaults."""
UNSET = ("EVERGREEN_STORAGE", "EVERGREEN_INSTANCE", "AzureWebJobsStorage")
"""Settings that an app in Azure must not have: a connection string holds a key, instances name themselves."""
