"""Simple Image Access 2.0: images and cubes of the site, of a data set or of one set, as ObsCore rows."""
