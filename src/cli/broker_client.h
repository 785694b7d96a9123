/*
 * Asking the broker of a gateway on this machine, as a program with a key would. Of the gateway's
 * configuration only the broker and its keys are read: what else is in it, and whether it is right,
 * does not matter here.
 */
#ifndef CLI_BROKER_CLIENT_H
#define CLI_BROKER_CLIENT_H

#include "proofkey.h"

#include <jansson.h>

struct broker_client;

/* Reads where the broker is and the secret of that key, the first one for NULL. NULL with one
 * sentence in `error`. */
struct broker_client *broker_client_open(const char *config, const char *key, char *error,
					 size_t error_size);

/* Wipes. NULL is fine. */
void broker_client_close(struct broker_client *client);

/*
 * One request. The HTTP status, with what was answered in `ret`, which is released by the caller
 * and NULL where the answer has no document; 0 with one sentence in `error` where there was no
 * answer.
 */
long broker_client_ask(struct broker_client *client, const char *method, const char *path,
		       json_t **ret, char *error, size_t error_size);

#endif
