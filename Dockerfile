# syntax=docker/dockerfile:1
# The program alone, in an image of nothing else.
#
#   docker build --tag groupcast .
#   docker run --publish 127.0.0.1:8000:8000 --volume groupcast:/data groupcast --auth=token

FROM rust:1.95-alpine AS build
# A C compiler for SQLite, mimalloc and ring, and git, which says the commit that the program tells with --version.
RUN apk add --no-cache build-base git
WORKDIR /src
COPY . .
RUN git config --global --add safe.directory /src
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    ops/build-static /out/groupcast && mkdir /out/data

FROM scratch
LABEL org.opencontainers.image.title="groupcast" \
    org.opencontainers.image.description="A self-hosted group-chat server: REST and WebSockets in front" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/groupcast /groupcast
# What sslrootcert=system means here.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# A volume takes over whose the folder is. The number is that of no user in the host's own list.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# The file of SQLite is made in the working directory; with Postgres it stays empty.
WORKDIR /data
VOLUME /data
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/groupcast", "healthcheck"]
ENTRYPOINT ["/groupcast"]
