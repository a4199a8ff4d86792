"""Functions of the user that a recipe names as ``package.module:function``."""
