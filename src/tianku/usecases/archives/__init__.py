"""Archives of any files of the site: chosen, kept as a selection, made byte by byte when asked for."""
