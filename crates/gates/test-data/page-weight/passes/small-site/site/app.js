document.title += " and fast";
