// TODO: greet
