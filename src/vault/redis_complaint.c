/*
 * What a Valkey or Redis server complains of, in sentences for the log, and whether that may pass
 * by itself. Its words are looked up and not repeated: they may quote the command, which may have
 * a password in it.
 */
#include "vault/redis.h"
#include "base/text.h"

#include <stdio.h>

/* By how its words begin. `passes`: it may do better by itself. */
/* clang-format off */
static const struct complaint {
	const char *words;
	bool passes;
	const char *sentence;
} complaints[] = {
	{"LOADING",    true,  "is still loading its data"},
	{"BUSY",       true,  "is busy with somebody else's script"},
	{"READONLY",   true,  "is a replica that takes no writes: the address must be the primary's"},
	{"MASTERDOWN", true,  "is a replica without its primary"},
	{"OOM",        true,  "has no memory left (maxmemory)"},
	{"MISCONF",    true,  "takes no writes: it cannot save its data (MISCONF); its log says why"},
	{"NOREPLICAS", true,  "takes no writes: it has too few replicas (min-replicas-to-write)"},
	{"CLUSTERDOWN", true, "is of a cluster that is down"},
	{"MOVED",      true,  "is of a cluster and not the node that has the data: clusters are not supported"},
	{"ERR max number of clients", true, "has as many clients as it takes (maxclients)"},
	{"WRONGTYPE",  true,  "has something under " REDIS_PREFIX " that this program did not write"},
	{"NOAUTH",     false, "wants a password"},
	{"WRONGPASS",  false, "does not accept the user and password"},
	{"ERR invalid password", false, "does not accept the password"},
	{"ERR AUTH",   false, "does not accept the password: none is set there"},
	{"ERR Client sent AUTH", false, "does not accept the password: none is set there"},
	{"ERR DB index", false, "has no database of that number"},
	{"ERR SELECT", false, "has no database of that number"},
	{"NOPERM",     true,  "does not permit that: the user needs the commands that redis.lua runs, and the keys " REDIS_PREFIX "*"},
};
/* clang-format on */

bool redis_complaint(const redisReply *reply, char *out, size_t cap)
{
	const struct pk_str words = {reply->str, reply->len};
	char code[32];

	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (pk_str_starts(words, pk_str(complaints[i].words))) {
			(void)snprintf(out, cap, "%s", complaints[i].sentence);
			return complaints[i].passes;
		}
	pk_text_tame(code, sizeof(code), pk_str_first(words, pk_str_find(words, ' ')));
	(void)snprintf(out, cap, "refuses: %s", code);
	return true;
}
