//! Whether container images are built as the constitution of cloud-native services asks.

use std::collections::BTreeMap;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use charter_repository::{BlobId, Blobs, FileSort, RepositoryError};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Subject, glob};

mod parse;
mod rules;
mod shell;
mod stages;
#[cfg(test)]
mod tests;
mod words;

use parse::{Problem, SIZE_LIMIT};

charter_deploy_model::kind! {
    /// Reads Dockerfiles, and says what of the image they make is unsafe, large or left to chance.
    ///
    /// It reads the files of the commit as BuildKit does: parser directives, lines that go on with comments between,
    /// heredocs, lists as JSON, `ONBUILD`; and in every `RUN` which commands the shell would run. Nothing is built and
    /// no registry is asked. An `ARG` in `FROM` stands for its default. What PowerShell would run is not judged.
    ///
    /// Files are those called `Dockerfile` or `Containerfile`, with anything before or behind a dot; templates of such
    /// files (`.j2`, `.tmpl`, …) are none. Where a rule is one of hadolint's, its code is named, and line and rule
    /// agree with it. Its comments (`# hadolint ignore=`) are told and count for nothing: a waiver has a reason and ends.
    ///
    /// ```toml
    /// [gates.dockerfile]
    /// exclude = ["examples/**"]
    /// ports = [80, 443, 8080, 3000]
    /// ```
    ///
    /// ```dockerfile,source=Dockerfile,passes
    /// FROM golang:1.25-alpine AS build
    /// WORKDIR /src
    /// COPY . .
    /// RUN go build -o /server .
    ///
    /// FROM gcr.io/distroless/static-debian12:nonroot-amd64
    /// COPY --from=build /server /server
    /// EXPOSE 3000
    /// HEALTHCHECK CMD ["/server", "--check"]
    /// ENTRYPOINT ["/server"]
    /// ```
    pub static META: "dockerfile", needs Source, lane Shared {
        /// A Dockerfile cannot be read, so nobody knows what it builds.
        ///
        /// It is not UTF-8, has a null byte in it, is larger than 1 MiB, or has a line that is no instruction. What can be read of
        /// it is judged all the same. Of many such lines the first ten are shown: it may be a template, which belongs in `exclude`.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/unreadable
        /// FROM alpine:3.22
        /// COPPY . /app
        /// ```
        "dockerfile/unreadable": Error, principle None;
        /// An image to begin with has no version.
        ///
        /// Docker then takes `latest`, which is another image every time. Name a release or a digest. A name that an `ARG` stands
        /// for is judged by its default, under `dockerfile/floating-tag`.
        ///
        /// The rule DL3006 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/untagged
        /// FROM debian
        /// ```
        "dockerfile/untagged": Error, principle None;
        /// An image to begin with is `latest`.
        ///
        /// What was built and judged today is not what is built tomorrow. Name a release or a digest.
        ///
        /// The rule DL3007 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/latest-tag
        /// FROM alpine:latest
        /// ```
        "dockerfile/latest-tag": Error, principle None;
        /// The tag of an image names no release.
        ///
        /// Such as `alpine`, `lts` or `stable-slim`: no digit in it, and no name of a release of Debian or Ubuntu. What an `ARG`
        /// stands for is judged by its default, and not at all when it has none.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/floating-tag
        /// ARG BASE=node:lts-alpine
        /// FROM $BASE
        /// ```
        "dockerfile/floating-tag": Warning, principle None;
        /// The image that is shipped has a whole system or a compiler in it.
        ///
        /// Every program in it is one more to keep up to date and one more for an intruder. Known are the official images of
        /// Debian, Ubuntu, Fedora and their like and those of languages, unless name or tag say `alpine`, `slim`, `distroless` or
        /// the like; of other images nothing is said. Earlier stages may be as large as they like.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/heavy-base
        /// FROM node:22.11.0
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/heavy-base": Warning, principle None;
        /// A program is built in the stage that is shipped.
        ///
        /// The compiler, the sources and all that only the build needs are then shipped with it. Demanded is a stage of its own
        /// only where something is built: where a `RUN` of the last stage, or of one that it builds on, runs a compiler or `make`,
        /// `cargo build`, `go build`, `npm run build`, `mvn package`, `dotnet publish` or the like, and nothing is copied from
        /// another stage.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/single-stage
        /// FROM golang:1.25-alpine
        /// COPY . /src/
        /// RUN go build -o /server /src/main.go
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/single-stage": Warning, principle None;
        /// The image does not say how to ask whether it works.
        ///
        /// Whatever runs it sees a process and no more. It is asked of the last stage and those it builds on; `NONE` is no answer.
        /// Of a base image from elsewhere it is not known whether it brings one. An image that serves nothing needs none: turn it
        /// off by `healthcheck = false`.
        ///
        /// Like DL3057 of hadolint, which asks it of every stage, and is off unless it is asked for.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/no-healthcheck
        /// FROM alpine:3.22
        /// USER 1000
        /// ```
        "dockerfile/no-healthcheck": Warning, principle None;
        /// Nothing says as which user the program runs, so it is root.
        ///
        /// Whoever takes over the program then owns the container. Images of which name or tag says `nonroot`, `rootless` or
        /// `unprivileged` bring a user, as Windows' Nano Server does.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/no-user
        /// FROM alpine:3.22
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/no-user": Warning, principle None;
        /// A stage ends as root.
        ///
        /// Switch to root where it is needed, and back.
        ///
        /// The rule DL3002 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/root-user
        /// FROM alpine:3.22
        /// USER root
        /// ```
        "dockerfile/root-user": Warning, principle None;
        /// A port is exposed that is none of the usual.
        ///
        /// Those are 80, 443 and 8080 for TCP, or what `ports` lists.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/port
        /// FROM alpine:3.22
        /// EXPOSE 3000
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/port": Warning, principle None;
        /// A port is exposed that cannot be.
        ///
        /// Ports end at 65535.
        ///
        /// The rule DL3011 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/port-range
        /// FROM alpine:3.22
        /// EXPOSE 80000
        /// ```
        "dockerfile/port-range": Error, principle None;
        /// A secret is written into the image.
        ///
        /// A variable is called a password, a token or a key, and has a value. Whoever has the image can read it, also when a later
        /// layer sets it anew. Revoke it first.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/secret
        /// FROM alpine:3.22
        /// ENV DB_PASSWORD=hunter22
        /// ```
        "dockerfile/secret": Error, principle Some(UserPreservation);
        /// A secret is handed to the build as a variable.
        ///
        /// `docker history` shows what an `ARG` was, and `docker inspect` every `ENV`. Mount it instead:
        /// `RUN --mount=type=secret,id=npm …`.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/secret-argument
        /// FROM alpine:3.22
        /// ARG NPM_TOKEN
        /// ```
        "dockerfile/secret-argument": Warning, principle Some(UserPreservation);
        /// A file that holds secrets is copied into the image.
        ///
        /// Such as `.env`, `.npmrc`, `id_rsa` or `.aws`. A layer keeps it, also when a later one deletes it.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/secret-file
        /// FROM alpine:3.22
        /// COPY .env /app/
        /// ```
        "dockerfile/secret-file": Error, principle Some(UserPreservation);
        /// An image comes from a registry that is not allowed.
        ///
        /// Only asked when `registries` lists some; a `*` at its end or beginning stands for anything.
        ///
        /// The rule DL3026 of hadolint.
        ///
        /// ```toml
        /// [gates.dockerfile]
        /// registries = ["docker.io"]
        /// ```
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/registry
        /// FROM quay.io/team/app:1.2
        /// ```
        "dockerfile/registry": Error, principle None;
        /// A stage is for one platform alone.
        ///
        /// Say the platform when you build. `$BUILDPLATFORM` and `$TARGETPLATFORM` are fine.
        ///
        /// The rule DL3029 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/platform
        /// FROM --platform=linux/amd64 alpine:3.22
        /// ```
        "dockerfile/platform": Warning, principle None;
        /// Two stages have one name.
        ///
        /// The rule DL3024 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/duplicate-stage
        /// FROM alpine:3.22 AS a
        /// FROM alpine:3.22 AS a
        /// ```
        "dockerfile/duplicate-stage": Error, principle None;
        /// A stage is called `scratch` or `context`.
        ///
        /// Docker means something else by them.
        ///
        /// The rule DL3063 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/reserved-stage
        /// FROM alpine:3.22 AS scratch
        /// ```
        "dockerfile/reserved-stage": Warning, principle None;
        /// Something stands before the first `FROM`.
        ///
        /// Only `ARG` may.
        ///
        /// The rule DL3061 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/order
        /// RUN true
        /// FROM alpine:3.22
        /// ```
        "dockerfile/order": Error, principle None;
        /// Something stands behind `ONBUILD` that may not.
        ///
        /// `ONBUILD`, `FROM` and `MAINTAINER`.
        ///
        /// The rule DL3043 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/trigger
        /// FROM alpine:3.22
        /// ONBUILD MAINTAINER ann
        /// ```
        "dockerfile/trigger": Error, principle None;
        /// A stage has more than one `HEALTHCHECK`.
        ///
        /// Only the last counts.
        ///
        /// The rule DL3012 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/several-healthchecks
        /// FROM alpine:3.22
        /// HEALTHCHECK CMD ["a"]
        /// HEALTHCHECK CMD ["b"]
        /// ```
        "dockerfile/several-healthchecks": Error, principle None;
        /// A stage has more than one `CMD`.
        ///
        /// Only the last counts.
        ///
        /// The rule DL4003 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/several-commands
        /// FROM alpine:3.22
        /// CMD ["a"]
        /// CMD ["b"]
        /// ```
        "dockerfile/several-commands": Warning, principle None;
        /// A stage has more than one `ENTRYPOINT`.
        ///
        /// Only the last counts.
        ///
        /// The rule DL4004 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/several-entrypoints
        /// FROM alpine:3.22
        /// ENTRYPOINT ["a"]
        /// ENTRYPOINT ["b"]
        /// ```
        "dockerfile/several-entrypoints": Error, principle None;
        /// The `CMD` or `ENTRYPOINT` is no list, so that a shell is started.
        ///
        /// The shell is process 1 and does not pass `SIGTERM` on: the program is killed after ten seconds instead of ended.
        ///
        /// The rule DL3025 of hadolint, but for `HEALTHCHECK`.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/shell-form
        /// FROM alpine:3.22
        /// CMD serve --port 80
        /// ```
        "dockerfile/shell-form": Warning, principle None;
        /// The `HEALTHCHECK` is no list, so that it needs a shell.
        ///
        /// A distroless image has none.
        ///
        /// The rule DL3025 of hadolint, for `HEALTHCHECK`.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// USER 1000
        /// HEALTHCHECK CMD wget -q http://localhost/ || exit 1
        /// ```
        "dockerfile/healthcheck-form": Note, principle None;
        /// A `WORKDIR` does not begin with `/`.
        ///
        /// Where it is depends on the base image and on what stands before.
        ///
        /// The rule DL3000 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/relative-workdir
        /// FROM alpine:3.22
        /// WORKDIR app
        /// ```
        "dockerfile/relative-workdir": Error, principle None;
        /// Something is copied to a relative path, and no `WORKDIR` was set.
        ///
        /// Where it ends up depends on the base image.
        ///
        /// The rule DL3045 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/relative-copy
        /// FROM alpine:3.22
        /// COPY app.js .
        /// ```
        "dockerfile/relative-copy": Warning, principle None;
        /// Several things are copied to what is no folder by its name.
        ///
        /// Docker refuses it. End the target with `/`.
        ///
        /// The rule DL3021 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/copy-target
        /// FROM alpine:3.22
        /// COPY a b /app
        /// ```
        "dockerfile/copy-target": Error, principle None;
        /// Files are brought in by `ADD`.
        ///
        /// It also unpacks archives and fetches URLs, so that nobody can tell by the line what will happen. Write `COPY`.
        ///
        /// The rule DL3020 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/add-file
        /// FROM alpine:3.22
        /// ADD app.js /app/
        /// ```
        "dockerfile/add-file": Error, principle None;
        /// The whole file system of another stage is copied.
        ///
        /// Caches, logs and keys of the build come with it.
        ///
        /// The rule DL3067 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/whole-system
        /// FROM alpine:3.22 AS build
        /// FROM scratch
        /// COPY --from=build / /
        /// ```
        "dockerfile/whole-system": Warning, principle None;
        /// A `COPY --from` names what is no stage before.
        ///
        /// It is a misspelt name, or an image without a version.
        ///
        /// The rule DL3022 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/unknown-stage
        /// FROM alpine:3.22
        /// COPY --from=biuld /app /app
        /// ```
        "dockerfile/unknown-stage": Warning, principle None;
        /// A `COPY --from` names the stage it is in.
        ///
        /// The rule DL3023 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/own-stage
        /// FROM alpine:3.22 AS a
        /// COPY --from=a /x /y
        /// ```
        "dockerfile/own-stage": Error, principle None;
        /// An `ENV` uses a variable that it sets itself.
        ///
        /// It takes the earlier value, most often none.
        ///
        /// The rule DL3044 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/own-variable
        /// FROM alpine:3.22
        /// ENV HOME=/app BIN=$HOME/bin
        /// ```
        "dockerfile/own-variable": Error, principle None;
        /// The instruction `MAINTAINER` is out of date.
        ///
        /// Write a label.
        ///
        /// The rule DL4000 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/maintainer
        /// FROM alpine:3.22
        /// MAINTAINER ann
        /// ```
        "dockerfile/maintainer": Error, principle None;
        /// A label is called what a label should not be.
        ///
        /// Lower-case letters, digits, `.`, `-`, `_` and `/`, begun with a letter; `com.docker.` and the like are Docker's own.
        ///
        /// The rule DL3048 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// LABEL Version=1
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/label-key": Note, principle None;
        /// A `RUN` changes to another folder.
        ///
        /// It holds to the end of that `RUN`. Set `WORKDIR`, which holds on.
        ///
        /// The rule DL3003 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/cd
        /// FROM alpine:3.22
        /// RUN cd /src && ls
        /// ```
        "dockerfile/cd": Warning, principle None;
        /// A `RUN` calls `sudo`.
        ///
        /// A build is root unless `USER` says otherwise.
        ///
        /// The rule DL3004 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/sudo
        /// FROM alpine:3.22
        /// RUN sudo true
        /// ```
        "dockerfile/sudo": Error, principle None;
        /// Packages are installed with `apt`.
        ///
        /// It is made for people: what it prints and asks changes. Write `apt-get`.
        ///
        /// The rule DL3027 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/apt
        /// FROM alpine:3.22
        /// RUN apt install -y curl
        /// ```
        "dockerfile/apt": Warning, principle None;
        /// A `RUN` calls a program that does nothing in an image.
        ///
        /// Such as `service`, `mount`, `kill`, `ps` or `ssh`: what it starts or changes ends with that `RUN`.
        ///
        /// The rule DL3001 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN service nginx start
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/pointless-command": Note, principle None;
        /// Another shell is linked to `/bin/sh`.
        ///
        /// Say it with `SHELL`; other programs rely on `/bin/sh`.
        ///
        /// The rule DL4005 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/shell-link
        /// FROM alpine:3.22
        /// RUN ln -sf /bin/bash /bin/sh
        /// ```
        "dockerfile/shell-link": Warning, principle None;
        /// A user with a high number is added with its log.
        ///
        /// `useradd` then writes a sparse file of gigabytes, which the layer holds in full. Write `--no-log-init`.
        ///
        /// The rule DL3046 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/high-uid
        /// FROM alpine:3.22
        /// RUN useradd -u 123456 app
        /// ```
        "dockerfile/high-uid": Warning, principle None;
        /// The progress of `wget` is drawn into the log.
        ///
        /// Write `wget -q` or `wget --progress=dot:giga`.
        ///
        /// The rule DL3047 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN wget https://example.org/a.tgz
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/wget-progress": Note, principle None;
        /// Both `wget` and `curl` are used in a stage.
        ///
        /// One of them is enough to install.
        ///
        /// The rule DL4001 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/wget-and-curl
        /// FROM alpine:3.22
        /// RUN wget -q https://example.org/a
        /// RUN curl -O https://example.org/b
        /// ```
        "dockerfile/wget-and-curl": Warning, principle None;
        /// A program from the net is run as it comes.
        ///
        /// Who controls the server, or the line, controls the image, and a download that breaks off runs in half. Compare a checksum
        /// first.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/piped-script
        /// FROM alpine:3.22
        /// SHELL ["/bin/ash", "-o", "pipefail", "-c"]
        /// RUN wget -q -O - https://example.org/install | sh
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/piped-script": Warning, principle None;
        /// A pipe in a `RUN` hides that a command failed.
        ///
        /// Only the last command of a pipe decides, so that a download that fails builds an image without it. A script that says
        /// `set -o pipefail` itself is fine.
        ///
        /// The rule DL4006 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/pipefail
        /// FROM alpine:3.22
        /// RUN echo a | wc
        /// ```
        "dockerfile/pipefail": Warning, principle None;
        /// A `RUN` with one command stands behind another.
        ///
        /// Each makes a layer.
        ///
        /// The rule DL3059 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN mkdir /a
        /// RUN mkdir /b
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/consecutive-run": Note, principle None;
        /// An `apt-get install` would wait for an answer.
        ///
        /// The rule DL3014 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/apt-yes
        /// FROM alpine:3.22
        /// RUN apt-get install curl
        /// ```
        "dockerfile/apt-yes": Warning, principle None;
        /// An `apt-get install` also takes what is merely recommended.
        ///
        /// Write `--no-install-recommends`.
        ///
        /// The rule DL3015 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN apt-get install -y curl=8.5
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/apt-recommends": Note, principle None;
        /// The lists of `apt-get update` stay in the image.
        ///
        /// They are some 40 MB, and out of date tomorrow. Delete `/var/lib/apt/lists/*` in the same `RUN`.
        ///
        /// The rule DL3009 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN apt-get update
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/apt-lists": Note, principle None;
        /// A `RUN` of `apt-get` installs whichever version there is.
        ///
        /// Debian drops old versions from its archive, so that a build that names them breaks: it is a note, and a digest in `FROM`
        /// and a rebuild each week are the better way.
        ///
        /// The rule DL3008 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN apt-get install -y --no-install-recommends curl
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/apt-version": Note, principle None;
        /// A `RUN` of `apk` installs whichever version there is.
        ///
        /// Alpine drops old versions from its archive, so that a build that names them breaks; hence a note.
        ///
        /// The rule DL3018 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN apk add --no-cache curl
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/apk-version": Note, principle None;
        /// An `apk add` keeps its index in the image.
        ///
        /// Write `apk add --no-cache`.
        ///
        /// The rule DL3019 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// RUN apk add curl=8.5
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/apk-cache": Note, principle None;
        /// A `RUN` of `pip` installs whichever version there is.
        ///
        /// Write `package==version`, or a file with versions and `-r`.
        ///
        /// The rule DL3013 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/pip-version
        /// FROM alpine:3.22
        /// RUN pip install --no-cache-dir flask
        /// ```
        "dockerfile/pip-version": Warning, principle None;
        /// A `RUN` of `pip` keeps what it downloaded.
        ///
        /// Write `--no-cache-dir`, set `PIP_NO_CACHE_DIR=1`, or mount a cache.
        ///
        /// The rule DL3042 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/pip-cache
        /// FROM alpine:3.22
        /// RUN pip install -r requirements.txt
        /// ```
        "dockerfile/pip-cache": Warning, principle None;
        /// A `RUN` of `npm` installs whichever version there is.
        ///
        /// Write `package@version`; for a project, `npm ci`.
        ///
        /// The rule DL3016 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/npm-version
        /// FROM alpine:3.22
        /// RUN npm install -g serve
        /// ```
        "dockerfile/npm-version": Warning, principle None;
        /// A `RUN` of `gem` installs whichever version there is.
        ///
        /// The rule DL3028 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/gem-version
        /// FROM alpine:3.22
        /// RUN gem install bundler
        /// ```
        "dockerfile/gem-version": Warning, principle None;
        /// A `RUN` of `go` installs whichever version there is.
        ///
        /// `@latest` is none.
        ///
        /// The rule DL3062 of hadolint.
        ///
        /// ```dockerfile,source=Dockerfile,blocks=dockerfile/go-version
        /// FROM alpine:3.22
        /// RUN go install example.org/tool@latest
        /// ```
        "dockerfile/go-version": Warning, principle None;
        /// A comment tells hadolint to ignore something.
        ///
        /// It counts for nothing here: it has neither a reason nor a date. Waive the finding in `charter.toml` instead.
        ///
        /// ```dockerfile,source=Dockerfile,passes
        /// FROM alpine:3.22
        /// # hadolint ignore=DL3018
        /// USER 1000
        /// HEALTHCHECK CMD ["true"]
        /// ```
        "dockerfile/inline-ignore": Note, principle None;
    }
}

/// The section `[gates.dockerfile]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DockerfileConfig {
    /// Globs over the paths of files to read.
    pub files: Vec<String>,
    /// Globs over the paths of files to leave out.
    pub exclude: Vec<String>,
    /// The ports that may be exposed for TCP.
    pub ports: Vec<u32>,
    /// Images that may be shipped besides those known to be small, such as `node` or `node:22`.
    pub light_bases: Vec<String>,
    /// The hosts that images may come from, such as `docker.io` or `*.example.org`; any, when empty.
    pub registries: Vec<String>,
    /// Whether an image must say how to ask whether it works.
    pub healthcheck: bool,
    /// Whether what builds something must build it in a stage of its own.
    pub multi_stage: bool,
}

impl Default for DockerfileConfig {
    fn default() -> Self {
        let files =
            ["**/Dockerfile", "**/Dockerfile.*", "**/*.{D,d}ockerfile", "**/Containerfile", "**/Containerfile.*"];
        Self {
            files: files.map(str::to_owned).to_vec(),
            exclude: Vec::new(),
            ports: vec![80, 443, 8080],
            light_bases: Vec::new(),
            registries: Vec::new(),
            healthcheck: true,
            multi_stage: true,
        }
    }
}

/// How many lines that cannot be read one finding shows.
const SHOWN_LINES: usize = 10;

/// Endings of what is about Dockerfiles, or makes them, and is none.
const NO_DOCKERFILES: [&str; 14] = [
    ".dockerignore",
    ".j2",
    ".jinja",
    ".jinja2",
    ".tmpl",
    ".tpl",
    ".template",
    ".erb",
    ".in",
    ".mustache",
    ".m4",
    ".md",
    ".orig",
    ".license",
];

/// Reads the Dockerfiles of the commit.
#[derive(Debug, Clone)]
pub struct Dockerfile {
    config: DockerfileConfig,
    files: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: DockerfileConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let (files, exclude) = (glob::compile_all("files", &config.files)?, glob::compile_all("exclude", &config.exclude)?);
    Ok(Box::new(Dockerfile { config, files, exclude }))
}

/// What one file came to.
#[derive(Default)]
struct Judged {
    findings: Vec<Finding>,
    undecided: Vec<String>,
    instructions: u64,
}

#[async_trait]
impl Gate for Dockerfile {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let (own, subject, scope) = (self.clone(), subject.clone(), scope.clone());
        blocking(move || {
            let all = source.repository.files(&source.commit).map_err(failed)?;
            let is_one = |path: &str| own.reads(path) && subject.is_about_source(path);
            let files: Vec<(String, BlobId)> = all
                .into_iter()
                .filter(|file| file.sort != FileSort::Link && is_one(&file.path))
                .map(|file| (file.path, file.blob))
                .collect();
            if files.is_empty() {
                return Ok(Inspection::NotApplicable { reason: "there is no Dockerfile".to_owned() });
            }
            let judged: Vec<Judged> = files
                .par_iter()
                .map_init(
                    || source.repository.blobs(),
                    |blobs, (path, blob)| {
                        if scope.cancel.is_cancelled() {
                            return Err(GateError::Cancelled);
                        }
                        match blobs {
                            Ok(blobs) => own.look(blobs, path, *blob).map_err(failed),
                            // Opened once more for its error, which cannot be had twice.
                            Err(_) => Err(source.repository.blobs().map_or_else(failed, |_| GateError::Cancelled)),
                        }
                    },
                )
                .collect::<Result<_, _>>()?;
            let counts = BTreeMap::from([
                ("files".to_owned(), judged.len() as u64),
                ("instructions".to_owned(), judged.iter().map(|judged| judged.instructions).sum()),
            ]);
            let (mut findings, mut undecided) = (Vec::new(), Vec::new());
            for judged in judged {
                findings.extend(judged.findings);
                undecided.extend(judged.undecided);
            }
            findings.sort();
            let looked_at = LookedAt { counts, undecided, ..LookedAt::default() };
            Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
        })
        .await
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the Dockerfiles of the commit".to_owned(), source: source.into() }
}

impl Dockerfile {
    fn reads(&self, path: &str) -> bool {
        let matches = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(path));
        matches(&self.files) && !matches(&self.exclude) && !NO_DOCKERFILES.iter().any(|ending| path.ends_with(ending))
    }

    fn look(&self, blobs: &Blobs, path: &str, blob: BlobId) -> Result<Judged, RepositoryError> {
        if blobs.size(blob)? > SIZE_LIMIT {
            let problem = Problem { what: "is larger than 1 MiB".to_owned(), line: 1 };
            return Ok(Judged { findings: vec![unreadable(path, &problem)], ..Judged::default() });
        }
        blobs.read(blob, |content| judge(path, content, &self.config))
    }
}

fn judge(path: &str, content: &[u8], config: &DockerfileConfig) -> Judged {
    let file = match parse::read(content) {
        Ok(file) => file,
        Err(problem) => return Judged { findings: vec![unreadable(path, &problem)], ..Judged::default() },
    };
    let mut findings: Vec<Finding> = unreadable_lines(path, &file.problems).into_iter().collect();
    if file.instructions.is_empty() && file.problems.is_empty() {
        findings.push(unreadable(path, &Problem { what: "has no instruction in it".to_owned(), line: 1 }));
    }
    let (faults, unread) = rules::judge(&file, config);
    findings.extend(faults.into_iter().map(|fault| {
        let message = format!("`{path}` {}", fault.what);
        let at = |line: u32| Location::file(path).line(line).in_source();
        let finding = Finding::new(format!("dockerfile/{}", fault.code), path, message).at(at(fault.line));
        let finding = if fault.within == fault.line { finding } else { finding.at(at(fault.within)) };
        finding.key(fault.key).help(fault.help)
    }));
    let say = |line: u32| format!("`{path}`: the shell of line {line} could not be read, and is not judged");
    let undecided = unread.into_iter().map(say).collect();
    Judged { findings, undecided, instructions: file.instructions.len() as u64 }
}

fn unreadable(path: &str, problem: &Problem) -> Finding {
    let message = format!("`{path}` {}", problem.what);
    let finding = Finding::new("dockerfile/unreadable", path, message).key(&problem.what).help("correct the line");
    // An empty file has no line to show.
    let location = Location::file(path).in_source();
    finding.at(if problem.line > 1 { location.line(problem.line) } else { location })
}

/// Tells once per file, for a template has hundreds of lines that are no instruction.
fn unreadable_lines(path: &str, problems: &[Problem]) -> Option<Finding> {
    let (first, others) = problems.split_first()?;
    let mut finding = unreadable(path, first);
    if !others.is_empty() {
        let lines = if others.len() == 1 { "line" } else { "lines" };
        finding.message = format!("{}; {} more {lines} cannot be read", finding.message, others.len());
    }
    let at = |problem: &Problem| Location::file(path).line(problem.line).in_source();
    Some(others.iter().take(SHOWN_LINES - 1).fold(finding, |finding, problem| finding.at(at(problem))))
}

/// Judges any content as a Dockerfile, for the fuzzer: every line it names is there.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
    let judged = judge("Dockerfile", content, &DockerfileConfig::default());
    for location in judged.findings.iter().flat_map(|finding| &finding.locations) {
        assert!(location.line.is_none_or(|line| (1..=lines).contains(&(line as usize))), "a line is outside the file");
    }
}
