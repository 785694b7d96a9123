/* Everything that one running sandbox holds. It has one thread and answers one request at a time.
 */
#ifndef SANDBOX_STATE_H
#define SANDBOX_STATE_H

#include "sandbox/armed.h"
#include "sandbox/options.h"
#include "sandbox/provider.h"

struct backchannel;
struct attempts;
struct ledger;
struct proofs;
struct sessions;
struct stream;
struct signing;
struct waiting;

#define LEDGER_GRANTS 4096 /* what so many of the newest logins gave is known; see ledger.h */
#define LEDGER_TICKETS (4 * LEDGER_GRANTS)
#define SCRATCH_SIZE 1048576 /* bytes: the largest request and the largest page */

struct sandbox {
	struct options options;
	struct providers providers;
	char base[128]; /* "http://127.0.0.1:9400", with the real port */
	struct ledger *ledger;
	struct waiting *waiting;
	struct attempts *attempts;
	struct waiting *pushed; /* RFC 9126: requests that came ahead of the browser */
	struct sessions *sessions;
	struct signing *signing;
	struct proofs *proofs;
	struct backchannel *backchannel;
	struct stream *stream;
	struct faults faults;
	unsigned char scratch[SCRATCH_SIZE]; /* the arena of the request under way; wiped after it
					      */
};

#endif
