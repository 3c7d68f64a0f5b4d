# cardgate in containers. The last stage is the gateway: `docker build -t cardgate .`
# For linux/amd64: the lock file has the development tools for that platform only (elsewhere add --platform linux/amd64).
# Other targets: test (the test-suite), directory (an OpenLDAP server for trials), client (SoftHSM cards and curl).

# --- everything needed to build; no package's install script runs here
FROM node:24-bookworm-slim AS deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

# --- TypeScript to dist
FROM deps AS build
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# --- what the gateway needs at run time and no more; cards are optional and are not made by a gateway
FROM deps AS production
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# --- the test-suite, with the real servers, clients and cards it runs against: docker compose --profile suite run --rm suite
FROM node:24-bookworm AS test
WORKDIR /app
COPY . .
RUN apt-get update && scripts/setup test && rm -rf /var/lib/apt/lists/*
CMD ["scripts/test"]

# --- an OpenLDAP server for trials; its entries come from a file
FROM debian:bookworm-slim AS directory
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slapd ldap-utils \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 1000 --no-create-home directory \
  && install -d -o 1000 -g 1000 /etc/directory /var/lib/directory
COPY scripts/container/start-directory /usr/local/bin/
ENV LDAPTLS_CACERT=/etc/directory/ca.pem
USER 1000
EXPOSE 6636
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
  CMD ["ldapwhoami", "-x", "-H", "ldaps://directory:6636"]
CMD ["start-directory"]

# --- cards in SoftHSM, and curl that signs with them
FROM build AS client
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates curl g++ libengine-pkcs11-openssl make openssl python3 softhsm2 \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /cards /etc/cardgate /etc/directory
RUN npm rebuild pkcs11js --foreground-scripts
COPY mappings ./mappings
COPY scripts/container/prepare scripts/container/try-login /usr/local/bin/
COPY scripts/container/cardgate.yaml scripts/container/rules.yaml /usr/local/share/cardgate/
USER node
CMD ["try-login"]

# --- the gateway
FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md ./
COPY --from=production /app/package.json ./
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY docs ./docs
COPY mappings ./mappings
RUN install -d -o node -g node /etc/cardgate /srv/files /var/log/cardgate
USER node
EXPOSE 2121 9990 50000-50031
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "dist/main.js", "health", "/etc/cardgate/cardgate.yaml"]
# What sessions leave behind is collected often enough in 16 MiB; by itself V8 takes up to 128 MiB for it.
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/main.js"]
CMD ["serve", "/etc/cardgate/cardgate.yaml"]
