/* The sizes of the names that the vault knows logins and sessions by. Apart from vault.h, because
 * the browser-facing process makes such names and may not see the vault. */
#ifndef VAULT_IDS_H
#define VAULT_IDS_H

#define SESSION_ID 16 /* bytes */
#define ATTEMPT_ID 16

#endif
