FROM node
MAINTAINER ann@example.org
ENV API_TOKEN=7f3a9b1c
WORKDIR app
ADD . .
RUN apt-get update && apt-get install build-essential
RUN cd server && sudo npm install -g pm2
RUN curl -fsSL https://example.org/install.sh | bash
RUN npm run build
COPY .env package.json /app
EXPOSE 3000 99999
USER root
CMD node server.js
