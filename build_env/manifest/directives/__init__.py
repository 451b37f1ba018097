"""The directives of the language, one module each: what it is called, what it expects, an example, how it is evaluated."""
