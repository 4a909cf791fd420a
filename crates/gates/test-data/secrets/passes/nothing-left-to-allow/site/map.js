loadMap();
