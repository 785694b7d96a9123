/* The configuration file: read with libconfuse, checked whole before anything starts. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "gateway/settings.h"

struct config; /* the file's texts, which the settings view */

/* Reads and checks. NULL with "FILE:LINE: what is wrong and what to do" in `error`. */
struct config *config_load(const char *file, char *error, size_t error_size);

const struct settings *config_settings(const struct config *config);

/* Wipes: the texts hold client secrets. NULL is fine. */
void config_free(struct config *config);

#endif
