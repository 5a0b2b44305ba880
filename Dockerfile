# The training job of infra/modules/training-job.bicep, and the whole app for a registry of one's own: Microsoft's
# Functions image, this code, the locked requirements. `docker build -t evergreen .`
ARG PYTHON=3.11
FROM mcr.microsoft.com/azure-functions/python:4-python${PYTHON}

ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_WAIT_POLICY=PASSIVE

WORKDIR /home/site/wwwroot

# requirements first: the layer stays while only code changes
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt

COPY host.json function_app.py ./
COPY automl ./automl
COPY functions ./functions
COPY infra/__init__.py ./infra/__init__.py
COPY infra/job ./infra/job

# The image's own command starts the Functions host; the job overrides it with `python -m infra.job`.
# The Functions host listens on port 80 as root only where it must; the job needs neither.
RUN useradd --create-home evergreen
USER evergreen
ENV ASPNETCORE_URLS=http://+:8080
