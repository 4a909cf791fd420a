const login = { password: "vK8q!Lw2Zr5x" };
