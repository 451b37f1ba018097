"""Commands that look into what there is: each module is one question, answered with the parts that `app` connects."""
