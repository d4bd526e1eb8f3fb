// Names of established Python projects, which other names may be mistaken for. Nothing is said of a name that stands here.

/**
 * Source: the projects that the requirement sets of a frozen part of the public Python index reach (22 November 2026), those that
 * the PyPA advisory database has records of in the same freeze, and widely used projects added by hand. Names alone are facts;
 * the selection is Thoth's own and under Thoth's licence. Date of the selection: 22 November 2026.
 */
export const ESTABLISHED_NAMES = {
  source:
    "projects reached by common requirement sets and named in the PyPA advisory database, with further ones by hand",
  licence: "as Thoth",
  date: "2026-11-22",
  names: `
absl-py accelerate acme adlfs aiobotocore aiodns aiofiles aiohappyeyeballs aiohttp aiohttp-cors aioitertools aiokafka
aioredis aiosignal aiosqlite alabaster alembic altair amqp annotated-doc annotated-types ansible ansible-core
anthropic antlr4-python3-runtime anyio apache-airflow apache-airflow-providers-amazon apache-airflow-providers-google
apache-beam apispec appdirs appnope apscheduler arcade argcomplete argh argon2-cffi argon2-cffi-bindings ariadne arrow
arviz ase asgiref astroid astropy astroquery asttokens astunparse async-generator async-lru async-timeout asyncpg
atlassian-python-api attr attrs audioread auditwheel authlib automat autopep8 av avro aws-cdk-lib aws-sam-cli
aws-xray-sdk awscli azure-common azure-core azure-identity azure-keyvault-secrets azure-mgmt-core azure-storage-blob
babel backports-zoneinfo backports-zstd backtrader bandit basedpyright bcdoc bcrypt beautifulsoup4 behave bidict
billiard binaryornot biopython bitcoinlib bitsandbytes black bleach bleak blessed blessings blinker blis blosc bokeh
boto boto3 boto3-stubs botocore botocore-stubs bottle bottleneck brotli brotlicffi bson build bump2version bumpver
bumpversion cached-property cachetools cairocffi cairosvg can capstone cartopy casadi cassandra-driver catalogue
catboost cattrs cbor2 cchardet ccxt celery cerberus certbot certifi cffi chameleon channels chardet charset-normalizer
check-manifest cherrypy chromadb cibuildwheel click click-didyoumean click-plugins click-repl clickhouse-connect
clickhouse-driver cloudpickle cmake codecarbon coloraide colorama coloredlogs colorful colorlog colour comet-ml comm
commitizen commonmark comtypes conda conda-build configparser confluence confluent-kafka connexion constantly
contextlib2 contourpy cookiecutter copier corner country-list coverage cppy crc32c croniter cryptography cssselect
cuda-bindings cuda-pathfinder cuda-toolkit cudf cupy cupy-cuda12x customtkinter cvxopt cvxpy cx-freeze cx-oracle
cycler cymem cython cytoolz dagster daphne dash dash-bootstrap-components dask databases databricks-cli databricks-sdk
dataclasses dataclasses-json datadog dataset datasets datashader dateparser dbt-core dbt-postgres dbt-snowflake
ddtrace debugpy decorator decord deepspeed defusedxml delocate delta-spark deprecated deprecation dicttoxml diffusers
dill discord-py diskcache distlib distributed distro django django-allauth django-celery-beat django-cors-headers
django-crispy-forms django-debug-toolbar django-environ django-extensions django-filter django-guardian
django-import-export django-model-utils django-mptt django-redis django-rest-auth django-storages djangorestframework
djangorestframework-simplejwt dlib dnspython docker docker-compose docopt docutils docx2txt dramatiq drf-spectacular
drf-yasg duckdb dulwich dvc easyocr ecdsa einops elasticsearch elasticsearch-dsl eli5 email-validator emcee emoji
entrypoints enum34 eth-abi eth-account eth-utils evaluate eventlet exceptiongroup executing exifread eyed3 fabric
face-recognition factory-boy faiss-cpu faiss-gpu faker falcon fastapi fastapi-cli fastavro fastjsonschema fastparquet
fasttext feedparser ffmpeg-python filelock filetype filterpy fiona fire firebase-admin flake8 flake8-bugbear
flake8-docstrings flask flask-admin flask-appbuilder flask-babel flask-caching flask-cors flask-jwt-extended
flask-limiter flask-login flask-mail flask-migrate flask-restful flask-socketio flask-sqlalchemy flask-wtf flatbuffers
flax flit flit-core flower folium fonttools formulaic fqdn freezegun frozenlist fsspec ftfy fugashi funcy furl furo
future futures gast gcsfs gensim geoip2 geopandas geopy gevent gitdb gitpython gmsh google-api-core
google-api-python-client google-auth google-auth-oauthlib google-cloud-bigquery google-cloud-core google-cloud-logging
google-cloud-pubsub google-cloud-secret-manager google-cloud-storage google-crc32c google-pasta google-resumable-media
googleapis-common-protos gpiozero gpustat gql gradio graphene graphql-core graphql-relay graphviz great-expectations
greenlet grpcio grpcio-health-checking grpcio-status grpcio-tools gspread gunicorn gurobipy gym gymnasium h11 h2 h5py
hatch hatch-vcs hatchling healpy hf-doc-builder hf-xet hiredis holidays holoviews hpack html5lib httpcore httpcore2
httpie httplib2 httpretty httptools httpx httpx2 httpx2-jsfetch huey huggingface-hub humanfriendly humanize hvac
hvplot hypercorn hyperframe hyperlink hyperopt hypothesis idna igraph imageio imageio-ffmpeg imagesize
imbalanced-learn impacket importlib-metadata importlib-resources incremental inflect inflection influxdb
influxdb-client iniconfig inotify installer instaloader interface-meta invoke ipaddress ipadic ipdb ipwhois ipykernel
ipython ipython-genutils ipython-pygments-lexers ipywidgets isoduration isort itemadapter itemloaders itsdangerous jax
jaxlib jedi jeepney jinja2 jinja2-cli jinja2-time jira jellyfish jmespath joblib josepy json5 jsonpath-ng jsonpickle jsonpointer
jsonschema jsonschema-specifications jupyter jupyter-builder jupyter-client jupyter-console jupyter-core
jupyter-events jupyter-lsp jupyter-server jupyter-server-terminals jupyterhub jupyterlab jupyterlab-pygments
jupyterlab-server jupyterlab-widgets jupytext jwcrypto kafka-python kedro kenlm keras keras-nlp keyring keyrings-alt
keystone-engine kivy kiwisolver kombu kubernetes langchain langchain-community langchain-core langchain-openai
langchain-text-splitters langgraph langsmith lark ldap3 libclang librosa lightgbm lightning lime line-profiler
litestar llama-index llvmlite lmfit localstack locust loguru luigi lxml lz4 mako markdown markdown-it-py markdown2
markupsafe marshmallow marshmallow-sqlalchemy matplotlib matplotlib-inline maturin maxminddb mccabe mdanalysis
mdit-py-plugins mdurl mechanize mediapipe memory-profiler mesa meshio meson meson-python mistune mkdocs
mkdocs-material mkdocstrings ml-dtypes mleap mlflow mlflow-skinny mlflow-tracing mmh3 mne mock moderngl modin
mongoengine more-itertools moto motor moviepy mpmath msal msal-extensions msgpack msgpack-python msrest msrestazure
mss mujoco multidict multiprocess murmurhash mutagen mxnet mypy mypy-boto3-s3 mypy-extensions mysql-connector
mysql-connector-python mysqlclient myst-parser namex nanobind narwhals nbclassic nbclient nbconvert nbdime nbformat
nbsphinx neo4j neptune-client nest-asyncio nest-asyncio2 netaddr netcdf4 netifaces networkx newrelic newspaper3k
nibabel nilearn ninja nltk nose nose2 notebook notebook-shim nox nuitka numba numexpr numpy numpydoc nvidia-cublas
nvidia-cublas-cu11 nvidia-cublas-cu12 nvidia-cuda-cccl nvidia-cuda-cupti nvidia-cuda-cupti-cu12 nvidia-cuda-nvrtc
nvidia-cuda-nvrtc-cu11 nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime nvidia-cuda-runtime-cu11 nvidia-cuda-runtime-cu12
nvidia-cudnn-cu11 nvidia-cudnn-cu12 nvidia-cudnn-cu13 nvidia-cufft nvidia-cufft-cu12 nvidia-cufile nvidia-curand-cu12
nvidia-cusolver nvidia-cusolver-cu12 nvidia-cusparse nvidia-cusparse-cu12 nvidia-cusparselt-cu13 nvidia-ml-py
nvidia-nccl-cu12 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvjitlink-cu12 nvidia-nvshmem-cu13 nvidia-nvtx
nvidia-nvtx-cu12 oauth2client oauthlib odfpy onnx onnxconverter-common onnxruntime onnxruntime-gpu onnxruntime-tools
open3d openai opencv-contrib-python opencv-python opencv-python-headless openmm openpyxl opensearch-py openshift
opentelemetry-api opentelemetry-exporter-otlp opentelemetry-instrumentation opentelemetry-proto opentelemetry-sdk
opentelemetry-semantic-conventions opt-einsum optax optree optuna oracledb orjson ortools outcome overrides packaging
paho-mqtt pandas pandas-datareader pandas-stubs pandocfilters panel pango papermill parameterized paramiko parse
parsel parso passlib paste pastedeploy pathlib pathlib2 pathos pathy patsy pdbpp pdfminer-six pdfplumber pdm
pdm-backend pdoc peewee pefile peft pendulum pep517 pep8 persistent pettingzoo pexpect pg8000 phonemizer phonenumbers
photutils piexif pika pikepdf pillow pinecone-client pint pip pip-audit pip-licenses pip-tools pipdeptree pipenv pipx
pkginfo platformdirs playwright plotly pluggy plumbum ply poetry poetry-core polars pony poyo praw pre-commit prefect
preshed prettytable prisma prometheus-client prompt-toolkit propcache protego proto-plus protobuf psutil psycopg
psycopg-binary psycopg2 psycopg2-binary ptyprocess publicsuffix2 pudb pulp pure-eval pwntools py py-cpuinfo py-spy
py2app pyaml pyarmor pyarrow pyasn1 pyasn1-modules pyautogui pybind11 pybullet pycairo pycodestyle pycountry pycparser
pycrypto pycryptodome pycryptodomex pyctcdecode pycurl pydantic pydantic-core pydantic-settings pydicom pydispatcher
pydocstyle pydot pydub pyee pyelftools pyfiglet pyflakes pygame pygithub pyglet pyglm pygments pygobject pygraphviz
pyinotify pyinstaller pyjwt pylint pylint-django pylint-plugin-utils pymatgen pymc pymdown-extensions pymisp pymodbus
pymongo pymssql pymupdf pymysql pynacl pynput pynvml pyobjc pyodbc pyomo pyopengl pyopengl-accelerate pyopenssl pyotp
pyparsing pypdf pypdf2 pyperclip pyppeteer pyproj pyproject-hooks pypydispatcher pyqt5 pyqt5-sip pyqt6 pyramid pyright
pyroma pysam pysaml2 pyserial pyshark pyside2 pyside6 pysimplegui pysocks pyspark pystan pytesseract pytest
pytest-asyncio pytest-benchmark pytest-cov pytest-django pytest-env pytest-flask pytest-forked pytest-html
pytest-metadata pytest-mock pytest-randomly pytest-rerunfailures pytest-sugar pytest-timeout pytest-xdist
python-binance python-can python-consul python-dateutil python-docx python-dotenv python-gitlab python-jose
python-json-logger python-ldap python-magic python-multipart python-pptx python-slugify python-snappy
python-telegram-bot python-whois python-xlib pytoml pytorch-lightning pytube pytz pyupgrade pyusb pyvisa pyvista
pyviz-comms pywin32 pywinpty pyyaml pyzbar pyzmq qdrant-client qrcode qtconsole qtpy quantlib quart querystring-parser
queuelib radon rasterio raven ray rdkit readme-renderer records redis referencing regex reno reportlab requests
requests-aws4auth requests-cache requests-file requests-mock requests-ntlm requests-oauthlib requests-toolbelt
responses respx rfc3339-validator rfc3986 rfc3986-validator rfc3987 rfc3987-syntax rhoknp rich rjieba robotframework
rouge-score rpds-py rpi-gpio rq rsa ruamel-yaml ruamel-yaml-clib ruff s3fs s3transfer sacrebleu sacremoses safetensors
safety sagemaker salt sanic scalene scapy schedule schema schematics scikit-build scikit-build-core scikit-image
scikit-learn scipy scrapy screeninfo seaborn secretstorage selenium semver send2trash sendgrid sentence-transformers
sentencepiece sentry-sdk service-identity setuptools setuptools-git-versioning setuptools-rust setuptools-scm sh shap
shapely shellingham shodan sigopt simpleitk simplejson simpy six skops slack-sdk slackclient sly smart-open smbus2
smdebug-rulesconfig smmap sniffio snowballstemmer snowflake-connector-python snowflake-sqlalchemy sortedcontainers
soundfile soupsieve spacy spacy-legacy spacy-loggers sphinx sphinx-autodoc-typehints sphinx-rtd-theme
sphinxcontrib-applehelp sphinxcontrib-devhelp sphinxcontrib-htmlhelp sphinxcontrib-jsmath sphinxcontrib-qthelp
sphinxcontrib-serializinghtml spyder sqlalchemy sqlalchemy-utils sqlfluff sqlglot sqlmodel sqlparse srsly
stable-baselines3 stack-data stanza starlette statsd statsmodels strawberry-graphql streamlit stripe structlog
sudachidict-core sudachipy suds svglib svgwrite sympy ta-lib tables tablib tabulate tavern tblib tenacity tensorboard
tensorboard-data-server tensorflow tensorflow-cpu tensorflow-datasets tensorflow-estimator tensorflow-gpu
tensorflow-hub tensorflow-intel tensorflow-io-gcs-filesystem tensorflow-probability tensorflow-text termcolor
terminado text-unidecode textblob texttable textual tf2onnx theano thinc threadpoolctl thrift tiktoken
timeout-decorator timm tinycss2 tinydb tldextract tokenizers toml tomli tomli-w tomlkit toolz torch torchaudio
torchmetrics torchtext torchvision tornado tortoise-orm towncrier tox tqdm trafaret traitlets transaction transformers
trimesh trio trio-typing trio-websocket triton truststore tweepy twilio twine twisted typeguard typer types-certifi
types-protobuf types-python-dateutil types-pytz types-pyyaml types-redis types-requests types-setuptools
types-simplejson types-six types-tabulate types-toml types-urllib3 typing typing-extensions typing-inspect
typing-inspection tzdata tzlocal ujson ultralytics uncertainties unicorn unidecode unidic unidic-lite uri-template
uritemplate urllib3 uuid uv uvicorn uvloop uwsgi vaex validators vcrpy vine virtualenv virtualenvwrapper vispy voila
voluptuous vtk vulture w3lib wagtail waitress wandb wasabi wasmer wasmtime watchdog watchfiles watchgod wcwidth
weasyprint weaviate-client web3 webargs webcolors webencodings webob websocket-client websockets werkzeug wheel
whitenoise whois widgetsnbextension wily wmi wrapt wsproto wtforms wxpython xarray xgboost xlrd xlsxwriter xlwt
xmltodict xxhash yamllint yapf yara-python yarl yfinance youtube-dl yt-dlp zarr zeep zipline zipp zope-deprecation
zope-event zope-interface zstandard
`,
} as const;
