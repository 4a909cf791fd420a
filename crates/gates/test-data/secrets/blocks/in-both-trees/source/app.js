export const database = "mysql://shop:vK8qLw2Zr5@db.internal/orders";
