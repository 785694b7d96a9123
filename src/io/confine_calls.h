/* seccomp: which system calls a process can still make. */
#ifndef IO_CONFINE_CALLS_H
#define IO_CONFINE_CALLS_H

#include "io/confine_files.h"

/* A build for testing, whose runtime needs more than the program does. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define CONFINE_SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define CONFINE_SANITIZED 1
#endif

/* Only what the front's loop needs; every other call fails with EPERM. */
enum confine_result confine_calls_front(void);

/* Everything but what would start programs, look into processes or change the system. */
enum confine_result confine_calls_keeper(void);

#endif
