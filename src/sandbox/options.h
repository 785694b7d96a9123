/* The command line of `proofkey sandbox`. */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include "proofkey.h"

struct options {
	const char *listen;
	const char *providers; /* a directory, or NULL */
	bool auto_approve;
	bool dpop_nonce;                    /* DPoP proofs need a nonce of ours (RFC 9449 8) */
	const char *backchannel_logout_uri; /* where logout tokens are posted, or NULL */
	int64_t code_ttl;                   /* seconds; -1: as the dialect says */
	int64_t access_ttl;                 /* likewise */
	int64_t refresh_ttl;                /* likewise; of providers that give refresh tokens */
	struct pk_list redirect_uris;
	struct pk_list faults; /* ids of faults that are always produced */
};

/* Reads the command line. True: go on. False: end with `ret_status`; what there was to say has been
 * said. */
bool options_read(int argc, char **argv, struct options *ret, int *ret_status);

#endif
