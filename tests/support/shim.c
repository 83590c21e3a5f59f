/* Stands between the server and the disk (LD_PRELOAD): fdatasync and fsync wait while the file
   $SYNC_SHIM/hold exists, and fail with EIO from the (N+1)th call on after $SYNC_SHIM/fail, which
   holds N, has appeared. $SYNC_SHIM/held appears once a call waits. Where the directory
   $SYNC_SHIM/synced exists, each file is copied there, under its last name, after its sync and before
   the caller is told: what a power cut could not take away. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
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

static int copy_whole(int from, const char* path) {
  struct stat status;
  const int to = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (to < 0 || fstat(from, &status) != 0) return -1;
  off_t at = 0;
  while (at < status.st_size) {
    if (sendfile(to, from, &at, (size_t)(status.st_size - at)) <= 0) break;
  }
  close(to);
  return at == status.st_size ? 0 : -1;
}

static void keep_copy(int fd) {
  char directory[4096], link[64], file[4096], half[4200], whole[4200];
  if (access(path_of("synced", directory, sizeof directory), F_OK) != 0) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, file, sizeof file - 1);
  if (size < 0) abort();
  file[size] = '\0';
  const char* name = strrchr(file, '/') + 1;
  snprintf(half, sizeof half, "%.4000s/%.150s.half", directory, name);
  snprintf(whole, sizeof whole, "%.4000s/%.150s", directory, name);
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  const int from = open(link, O_RDONLY | O_CLOEXEC);
  if (from < 0 || copy_whole(from, half) != 0 || rename(half, whole) != 0) abort();
  close(from);
}

static int synced(const char* name, int fd) {
  wait_while_held();
  if (should_fail()) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const int result = real(fd);
  if (result == 0) keep_copy(fd);
  return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }
