/*
 * The keys of the broker: a program sends its secret with every request. The broker knows it by one
 * hash, and shows the keeper another, which it does not have until the program comes: whoever takes
 * the broker over can ask the keeper for nothing that no program asks for at that time.
 */
#ifndef GATEWAY_BROKER_KEY_H
#define GATEWAY_BROKER_KEY_H

#include "gateway/settings.h"

/* Long enough that nobody finds it by guessing, and that its hashes say nothing about it. */
#define BROKER_SECRET_MIN 32 /* characters */
#define BROKER_SECRET_MAX 512

/* Reads a key's secret from its file and fills in both hashes of it. NULL, or what is wrong, in
 * words that hold nothing of the secret. */
const char *broker_key_read(const char *path, struct broker_key *ret);

/* What the keeper is shown for that secret. */
void broker_key_pass(struct pk_str secret, uint8_t ret[static BROKER_HASH]);

/* The key with that secret (for the broker) or with that pass (for the keeper), or NULL. All
 * keys are compared, in constant time. */
const struct broker_key *broker_key_find(const struct settings *settings, struct pk_str secret);
const struct broker_key *broker_key_find_pass(const struct settings *settings, struct pk_str pass);

#endif
