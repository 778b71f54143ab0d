"""The IVOA protocols, one package each: routes, parameters, self-description, templates."""
