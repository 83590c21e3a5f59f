/* Stands between the server and the disk (LD_PRELOAD): fdatasync and fsync wait while the file
   $SYNC_SHIM/hold exists, and fail with EIO from the (N+1)th call on after $SYNC_SHIM/fail, which
   holds N, has appeared. $SYNC_SHIM/held appears once a call waits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls_after_fail;

static const char* path_of(const char* name, char* into, size_t size) {
  const char* directory = getenv("SYNC_SHIM");
  snprintf(into, size, "%s/%s", directory ? directory : "/nonexistent", name);
  return into;
}

static int should_fail(void) {
  char path[4096];
  FILE* file = fopen(path_of("fail", path, sizeof path), "re");
  if (!file) return 0;
  long allowed = 0;
  if (fscanf(file, "%ld", &allowed) != 1) allowed = 0;
  fclose(file);
  return atomic_fetch_add(&calls_after_fail, 1) >= allowed;
}

static void wait_while_held(void) {
  char path[4096];
  path_of("hold", path, sizeof path);
  if (access(path, F_OK) != 0) return;
  char held[4096];
  const int fd = open(path_of("held", held, sizeof held), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  const struct timespec pause = {0, 1000000};
  while (access(path, F_OK) == 0) nanosleep(&pause, NULL);
}

static int synced(const char* name, int fd) {
  wait_while_held();
  if (should_fail()) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }
