"""The directives of the language, one module each: name, what it expects, an example, how it is evaluated."""
