"""Logs in with clients that this project did not write: aiokafka and PyMySQL.

Reads a list of logins on standard input, and prints "accepted" or "rejected" for each.
"""

import asyncio
import json
import ssl
import sys

import pymysql
from aiokafka import errors
from aiokafka.conn import create_conn


def kafka(login, context):
    async def log_in():
        connection = await create_conn(
            "127.0.0.1",
            login["port"],
            ssl_context=context,
            security_protocol="SASL_SSL",
            sasl_mechanism=login["mechanism"],
            sasl_plain_username=login["user"],
            sasl_plain_password=login["password"],
        )
        connection.close()

    try:
        asyncio.run(log_in())
        return "accepted"
    except errors.SaslAuthenticationFailed:
        return "rejected"


def mysql(login, context):
    try:
        connection = pymysql.connect(
            host="127.0.0.1",
            port=login["port"],
            user=login["user"],
            password=login["password"],
            ssl=context,
        )
        connection.close()
        return "accepted"
    except pymysql.err.OperationalError as error:
        if error.args[0] == 1045:
            return "rejected"
        raise


for login in json.load(sys.stdin):
    context = ssl.create_default_context(cadata=login["authority"])
    print((kafka if "mechanism" in login else mysql)(login, context))
