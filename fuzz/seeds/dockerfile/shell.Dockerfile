FROM debian:12 AS build
RUN if [ -n "$X" ]; then cd /x; else sudo true; fi
RUN for p in a b; do apt-get install -y "$p"; done
RUN echo $(curl -s https://example.org/a) > /b && wget https://example.org/c
RUN case "$A" in amd64) pip install flask==3 ;; *) pip3 install django ;; esac
RUN python3 -m pip install --index-url https://example.org/simple requests
RUN DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -t stable vim=9
RUN useradd -l -u 1234567 a && useradd -u 1234567 b
RUN ["apt-get", "install", "git"]
RUN ps aux | grep x && service a start
RUN --mount=type=cache,target=/var/cache/apk apk add curl
RUN gem install rake:13 bundler && ln -s /bin/bash /bin/sh
RUN go install ./cmd/a && go install example.org/b@v1 && go install example.org/c
RUN npm install && npm install --registry https://example.org left-pad @scope/name@1 @scope/other
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN true | false
FROM build
RUN apt update
COPY --from=build /a /b
COPY --from=nowhere /a b
COPY --from=0 a b /c
FROM --platform=linux/arm64 alpine AS build
COPY --from=build x /y
ENV A=1 B=$A C=${B}
LABEL Maintainer=ann org.example.name=x
CMD a
CMD ["b"]
ENTRYPOINT a
ENTRYPOINT ["b"]
HEALTHCHECK CMD a
HEALTHCHECK CMD ["b"]
ONBUILD RUN sudo apk add curl
ONBUILD MAINTAINER ann
