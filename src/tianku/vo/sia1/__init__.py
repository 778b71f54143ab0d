"""Simple Image Access 1.0, one service per set of images."""
