# One file, two images: `edge` (HTTP door, runs the trunk) and `task` (gRPC door, runs one tail).
# Both hold the released bundle, one engine and the GPL parts of the `hevc` extra (see NOTICE), and no PyTorch.

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/trunkline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# What to install: a layer that changes only when a requirement does is built on this one.
FROM base AS requirements
WORKDIR /requirements
COPY pyproject.toml tools/requirements.py ./
RUN python requirements.py task hevc >both.txt && python requirements.py edge >edge.txt

# The libraries, before any source: a changed line of code reuses these layers.
FROM base AS libraries
ARG PIP_ARGS=""
WORKDIR /src
RUN apt-get update && apt-get install --yes --no-install-recommends binutils && python -m venv /opt/trunkline
COPY tools/slim.sh ./
COPY --from=requirements /requirements/both.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --prefer-binary $PIP_ARGS -r both.txt && sh slim.sh /opt/trunkline

FROM libraries AS edge-libraries
COPY --from=requirements /requirements/edge.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install --prefer-binary $PIP_ARGS -r edge.txt

# Trunkline itself, as a wheel with the released bundle inside.
FROM libraries AS wheel
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip pip wheel $PIP_ARGS --no-deps --wheel-dir /wheel .

FROM edge-libraries AS edge-venv
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-deps --no-index /wheel/*.whl && pip uninstall --yes pip setuptools

FROM libraries AS task-venv
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-deps --no-index /wheel/*.whl && pip uninstall --yes pip setuptools

# What both images run as. A volume on TRUNKLINE_HOME brings further weight sets.
FROM base AS service
ENV HOME=/tmp \
    TRUNKLINE_HOME=/var/lib/trunkline
RUN groupadd --system --gid 10001 trunkline \
    && useradd --system --uid 10001 --gid trunkline --no-create-home --home-dir /tmp trunkline \
    && install --directory --owner=trunkline --group=trunkline /var/lib/trunkline /var/lib/trunkline-edge
USER trunkline
WORKDIR /tmp

FROM service AS edge
COPY --from=edge-venv /opt/trunkline /opt/trunkline
ENV TRUNKLINE_EDGE_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["trunkline", "edge"]

FROM service AS task
COPY --from=task-venv /opt/trunkline /opt/trunkline
ENV TRUNKLINE_TASK_HOST=0.0.0.0 \
    TRUNKLINE_TASK_PORT=50051
EXPOSE 50051
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-m", "trunkline_tasks.probe"]
ENTRYPOINT ["trunkline", "task"]
CMD ["classifier"]
