# Credit Desk in one image: `docker run IMAGE` is the app, `docker run IMAGE core worker` a worker,
# `docker run IMAGE core doctor` any command. docs/deploy.md says how to run it.

# Its Python and SQLite must fit together: core/workers/engine/versions.py, held by a test.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt /requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin credit-desk \
    && install -d -m 0700 -o credit-desk -g credit-desk /var/lib/credit-desk
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/credit-desk
COPY app.py asgi.py portal.toml pyproject.toml ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY api api
COPY core core
COPY pages pages
COPY static static
COPY supabase/migrations supabase/migrations
RUN /opt/venv/bin/python -m compileall -q api core pages app.py asgi.py

# Nothing is written but the volume and /tmp, so the root file system can be read-only.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OPS_DATABASE_URL=sqlite:////var/lib/credit-desk/desk.sqlite
USER 10001
VOLUME /var/lib/credit-desk
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/api/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m"]
# Without a name for browsers Streamlit asks a host on the internet for the container's address.
CMD ["streamlit", "run", "asgi.py", "--browser.serverAddress", "localhost", "--server.address", "0.0.0.0", "--server.port", "8501"]
