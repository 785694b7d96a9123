/* The gateway's configuration for a demo, as text for libconfuse. */
#ifndef CLI_DEMO_CONFIG_H
#define CLI_DEMO_CONFIG_H

#include "proofkey.h"

struct demo_config {
	struct pk_str listen;         /* "127.0.0.1:8080" */
	struct pk_str sandbox_listen; /* "127.0.0.1:9400" */
	struct pk_str state;          /* the directory of the key ring and the vault */
	struct pk_str providers;      /* of dialects that go before the built-in ones, or empty */
};

/* Everything but the logins. */
void demo_config_write(const struct demo_config *config, struct pk_buf *out);

/* The login of the sandbox's client at this dialect, named like it. */
void demo_config_write_login(const struct demo_config *config, const struct pk_dialect *dialect,
			     struct pk_buf *out);

/* A string of a configuration: quoted, and escaped so that no text ends it or is expanded. */
void demo_config_write_string(struct pk_buf *out, struct pk_str text);

#endif
