/* The console: the page that draws each attempt while it happens. */
#ifndef SANDBOX_CONSOLE_H
#define SANDBOX_CONSOLE_H

#include "sandbox/check.h"

/* Answers when `path` is the console's page or one of its files; false, and nothing done, when not. */
bool console_serve(struct exchange *x, struct pk_str path);

#endif
