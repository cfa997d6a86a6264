"""The bare script that the main job is compared with: the same S3, the same steps, COPY, one upsert."""

import io

import boto3
import polars as pl
import psycopg
from botocore.config import Config

from deploy.local.state import State
from tests.bench import flights

COLUMNS = {
    pl.Int64: "bigint",
    pl.Float64: "double precision",
    pl.String: "text",
    pl.Boolean: "boolean",
}


def copy_flights(state: State, prefix: str, table: str) -> int:
    """Read every CSV below the prefix, shape it, and upsert it; returns the rows."""
    s3 = boto3.client(
        "s3",
        endpoint_url=state.s3_endpoint,
        aws_access_key_id=state.s3_access_key,
        aws_secret_access_key=state.s3_secret_key,
        region_name="us-east-1",
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    rows = 0
    with psycopg.connect(state.warehouse_dsn) as connection:
        made = False
        for item in s3.list_objects_v2(Bucket=state.s3_bucket, Prefix=prefix)["Contents"]:
            body = s3.get_object(Bucket=state.s3_bucket, Key=item["Key"])["Body"].read()
            frame = (
                pl.read_csv(io.BytesIO(body), null_values="NA", infer_schema_length=None)
                .lazy()
                .drop_nulls("dep_time")
                .with_columns((pl.col("distance") / pl.col("air_time") * 60).alias("speed"))
                .with_columns(pl.col("flight").cast(pl.String))
                .rename({"dest": "destination"})
                .filter(pl.col("distance") > 100)
                .collect()
            )
            if not made:
                definition = ", ".join(f'"{n}" {COLUMNS[t.base_type()]}' for n, t in frame.schema.items())
                keys = ", ".join(f'"{key}"' for key in flights.KEYS)
                connection.execute(f'CREATE TABLE "{table}" ({definition}, UNIQUE ({keys}))')
                connection.execute(f'CREATE TEMP TABLE staging (LIKE "{table}")')
                made = True
            with connection.cursor().copy("COPY staging FROM STDIN (FORMAT csv)") as copy:
                buffer = io.BytesIO()
                frame.write_csv(buffer, include_header=False)
                copy.write(buffer.getvalue())
            rows += frame.height
        names = ", ".join(f'"{name}"' for name in frame.columns)
        updates = ", ".join(f'"{n}" = EXCLUDED."{n}"' for n in frame.columns if n not in flights.KEYS)
        connection.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {names} FROM staging ON CONFLICT ({keys}) DO UPDATE SET {updates}'
        )
    return rows
