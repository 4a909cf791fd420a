console.log("More than ten bytes, and that is fine here.");
