# escape=`
FROM debian:bookworm-slim AS base
RUN <<-EOF
	apt-get update
	cd /tmp
	EOF
ONBUILD RUN apt-get install -y curl
ONBUILD FROM alpine:3.22
HEALTHCHECK NONE
