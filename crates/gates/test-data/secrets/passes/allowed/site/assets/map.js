loadMap("AIzaSyB7q2Lk9Xv4Tz1Wm8Rc5Jn3Hd6Gf0Yp-Qs");
