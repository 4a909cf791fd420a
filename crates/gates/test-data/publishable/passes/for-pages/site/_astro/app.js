console.log("kept, since the target writes .nojekyll")
