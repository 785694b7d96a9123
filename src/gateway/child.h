/*
 * What front and keeper do alike when they start: both are children of the supervisor, started anew
 * with a clean memory.
 */
#ifndef GATEWAY_CHILD_H
#define GATEWAY_CHILD_H

#include "gateway/settings.h"

/* Reads this role's settings from the supervisor into locked memory and closes the way to them.
 * NULL with errno. */
struct settings *child_settings(enum role role);

/* Wipes. NULL is fine. */
void child_settings_free(struct settings *settings);

#endif
