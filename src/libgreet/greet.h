/* SPDX-License-Identifier: Apache-2.0
 * Public interface of libgreet: makes a greeting for a name. */
#ifndef GREET_H
#define GREET_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GREET_API __attribute__((visibility("default")))

/* Version of the library that is loaded, for example "1.0.0". */
GREET_API const char *greet_version(void);

/* Writes the greeting for NAME into BUFFER and ends it with a null byte. A null
 * or empty NAME greets the world. Returns the length of the whole greeting, which
 * is SIZE or more when BUFFER was too small, or -1 with errno set to EINVAL when
 * NAME holds a control character. */
GREET_API int greet_format(char *buffer, size_t size, const char *name);

#ifdef __cplusplus
}
#endif

#endif
