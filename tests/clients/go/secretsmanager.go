package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

type secretsManagerSeen struct {
	Secret          string            `json:"secret"`
	First           string            `json:"first"`
	Second          string            `json:"second"`
	Previous        string            `json:"previous"`
	Stages          map[string]string `json:"stages"`
	VersionPut      string            `json:"versionPut"`
	InvalidDeletion refusal           `json:"invalidDeletion"`
	MissingSecret   refusal           `json:"missingSecret"`
	MissingName     refusal           `json:"missingName"`
}

// names[0] is the name of a secret to be made or the ARN of one that is there.
func secretsManagerRound(ctx context.Context, settings aws.Config, names []string) (any, error) {
	client := secretsmanager.NewFromConfig(settings)
	secret := &names[0]
	if !strings.HasPrefix(*secret, "arn:") {
		made, err := client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name:         secret,
			SecretString: aws.String("żółw & <b>"),
		})
		if err != nil {
			return nil, err
		}
		secret = made.ARN
	}
	first, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: secret})
	if err != nil {
		return nil, err
	}
	found := &secretsManagerSeen{Secret: aws.ToString(first.ARN), First: aws.ToString(first.SecretString)}
	if err := versions(ctx, client, found); err != nil {
		return nil, err
	}
	return found, secretsManagerRefusals(ctx, client, found)
}

func versions(ctx context.Context, client *secretsmanager.Client, found *secretsManagerSeen) error {
	put, err := client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     &found.Secret,
		SecretBinary: []byte("żółw & <b>"),
	})
	if err != nil {
		return err
	}
	second, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId:  &found.Secret,
		VersionId: put.VersionId,
	})
	if err != nil {
		return err
	}
	previous, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId:     &found.Secret,
		VersionStage: aws.String("AWSPREVIOUS"),
	})
	if err != nil {
		return err
	}
	found.VersionPut = aws.ToString(put.VersionId)
	found.Second, found.Previous = string(second.SecretBinary), aws.ToString(previous.SecretString)

	listed, err := client.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: &found.Secret})
	if err != nil {
		return err
	}
	found.Stages = map[string]string{}
	for _, version := range listed.Versions {
		found.Stages[version.VersionStages[0]] = aws.ToString(version.VersionId)
	}
	return nil
}

func secretsManagerRefusals(ctx context.Context, client *secretsmanager.Client, found *secretsManagerSeen) error {
	deletion := &secretsmanager.DeleteSecretInput{
		SecretId:                   &found.Secret,
		ForceDeleteWithoutRecovery: aws.Bool(true),
		RecoveryWindowInDays:       aws.Int64(7),
	}
	_, err := client.DeleteSecret(ctx, deletion)
	found.InvalidDeletion = refused[*types.ResourceNotFoundException](err)
	deletion.RecoveryWindowInDays = nil
	if _, err := client.DeleteSecret(ctx, deletion); err != nil {
		return err
	}
	_, err = client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &found.Secret})
	found.MissingSecret = refused[*types.ResourceNotFoundException](err)
	_, err = client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("none")})
	found.MissingName = refused[*types.ResourceNotFoundException](err)
	return nil
}
