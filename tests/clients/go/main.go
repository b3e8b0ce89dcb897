// One round of a service with the AWS SDK for Go v2: `client SERVICE NAME...`; what the names mean says the service's
// file. Endpoint, keys and region come from the environment, as for any program.
// What it saw is printed as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

type round func(ctx context.Context, settings aws.Config, names []string) (any, error)

var rounds = map[string]round{
	"kms":            kmsRound,
	"secretsmanager": secretsManagerRound,
	"sns":            snsRound,
	"sns-fifo":       snsFifoRound,
	"sqs":            sqsRound,
}

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	found, err := rounds[os.Args[1]](ctx, settings, os.Args[2:])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
