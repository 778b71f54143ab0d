"""ADQL 2.1: a strict front end (`parser.parse`), and resolution into canonical trees (`resolve.resolve`)."""
