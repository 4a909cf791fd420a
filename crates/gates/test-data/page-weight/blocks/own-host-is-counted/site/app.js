console.log("More than ten bytes, from this very site.");
