# syntax=docker/dockerfile:1
ARG NODE=22.11.0
FROM node:${NODE}-alpine3.20 AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=npm,target=/home/node/.npmrc npm ci
COPY . .
RUN npm run build

FROM nginx:1.27.2-alpine3.20
COPY --from=build /src/dist /usr/share/nginx/html
COPY <<EOF /etc/nginx/conf.d/health.conf
server { listen 8080; location /health { return 200; } }
EOF
EXPOSE 8080/tcp 443/udp
USER nginx
HEALTHCHECK --interval=30s CMD ["wget", "-q", "-O", "/dev/null", "http://localhost:8080/health"]
CMD ["nginx", "-g", "daemon off;"]
