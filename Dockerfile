# glibc only: the wheels of ortools, osrm-bindings and pysqlite3 are manylinux.
# Give the base by digest for a reproducible image: --build-arg PYTHON_IMAGE=python@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/slotsvc
COPY requirements/ requirements/
RUN /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/slotsvc/bin/pip install --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY slotsvc/ slotsvc/
# The build's own tools stay in /opt/build; pip is not needed at run time.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/slotsvc/bin/pip install --no-deps --no-index /wheels/*.whl \
 && /opt/slotsvc/bin/pip uninstall --yes pip \
 && /opt/slotsvc/bin/python -m compileall -q /opt/slotsvc/lib
# What ranks is compiled here, for any processor: the first start would else wait a minute for it.
ENV NUMBA_CPU_NAME=generic
RUN /opt/slotsvc/bin/python -m slotsvc.bootstrap.warm_up

FROM ${PYTHON_IMAGE} AS slotsvc
LABEL org.opencontainers.image.title="slotsvc" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin slotsvc \
 && install -d -o slotsvc -g slotsvc -m 0700 /data
COPY --from=build /opt/slotsvc /opt/slotsvc
ENV PATH=/opt/slotsvc/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CPU_NAME=generic \
    SLOTSVC_DATA_DIR=/data
WORKDIR /data
VOLUME ["/data"]
# gRPC, metrics, portal
EXPOSE 50051 9090 8080
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["slotsvc", "doctor"]
# Exec form, no shell in between: SIGTERM reaches the service, which drains.
ENTRYPOINT ["slotsvc"]
CMD ["serve"]
