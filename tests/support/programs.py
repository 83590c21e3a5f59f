"""Which programs tests start as services: Redis and MariaDB, or, where the environment says so, the
others that firstcome works with."""

import os
import shutil

# Services are where only root's path leads.
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin"


def _chosen(variable, *products):
    """-> the one that the variable names, the first when it names none"""
    product = os.environ.get(variable) or products[0]
    if product not in products:
        raise ValueError(f"{variable}={product} is none of {', '.join(products)}")
    return product


def program(name):
    """-> where it is, or its name when it is nowhere"""
    return shutil.which(name, path=PATH) or name


def redis_program(role):
    """`role` is server, sentinel or cli."""
    return program(f"{REDIS}-{role}")


REDIS = _chosen("FIRSTCOME_TEST_REDIS", "redis", "valkey")
DATABASE = _chosen("FIRSTCOME_TEST_DATABASE", "mariadb", "mysql")
