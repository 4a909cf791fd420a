// eslint-disable-next-line no-console -- the user asked for it
console.log("Tide tables");
